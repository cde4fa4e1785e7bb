#!/usr/bin/env node
import { reportOf } from './failure-report.ts'
import { pathOf, waxsealProgram } from './program.ts'

/* The bin `waxseal`. It exits with 0, with 1 when something failed, with 2 when it was called wrongly. */

// A notice about coming versions of Node, printed on standard error by each process that loads the AWS SDK, is for those
// who develop: scripts would take it for a failure.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

// Whoever reads from a pipe may stop: `waxseal --help | head -1`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') end(error)
  })
}

const program = waxsealProgram()
let running = program.name()
program.hook('preAction', (_, command) => {
  running = pathOf(command)
})

try {
  await program.parseAsync()
} catch (error) {
  end(error)
}

function end(error: unknown): void {
  const { exitCode, text } = reportOf(error, running)
  process.exitCode = exitCode
  if (text !== '') process.stderr.write(text)
}
