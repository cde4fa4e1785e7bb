// The man page, from the commands themselves: `npm run build` puts it into dist/, and package.json names it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { manPage } from '../src/cli/help/man-page.ts'
import { outlineOf } from '../src/cli/help/outline.ts'
import { waxsealProgram } from '../src/cli/program.ts'

const root = new URL('../', import.meta.url)
const { man, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  man: [string]
  version: string
}
const file = new URL(man[0], root)
mkdirSync(new URL('.', file), { recursive: true })
writeFileSync(file, manPage(outlineOf(waxsealProgram()), version))
