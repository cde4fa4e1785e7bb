/** What a part of the benchmark found out that is no comparison of times. */
export interface Finding {
  work: string
  figure: string
  aim?: string
  reached?: boolean
}

/** The findings as a Markdown table. */
export function findingsTable(findings: readonly Finding[]): string {
  const lines = findings.map(({ work, figure, aim, reached }) => {
    const verdict = aim === undefined ? '' : ` (${reached === true ? 'reaches' : 'misses'}: ${aim})`
    return `| ${work} | ${figure}${verdict} |`
  })
  return ['| work | figure |', '| --- | --- |', ...lines].join('\n')
}
