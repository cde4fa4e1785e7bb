declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface Options {
    createTableMs?: number
    deleteTableMs?: number
  }

  export default function dynalite(options?: Options): Server
}
