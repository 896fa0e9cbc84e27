import { OTHER_VARIABLES, SETTINGS, type Setting, settingsHelp } from '@dwh/warehouse'

/** A text of `dwh help`, besides those of the commands. */
interface Topic {
  readonly description: string
  readonly text: (width: number) => string
}

const EXIT_CODES = `Exit codes of every command:
  0  success
  1  failed, and nothing was published
  2  wrong usage or configuration
  3  published, but some tables still show the previous version
  4  another run is in progress or published first
  5  dwh verify found problems
`

/** Lists the settings; the scheduler lists its own in its help. */
function settingsText(width: number): string {
  const settings = SETTINGS.filter(({ key }) => !key.startsWith('schedule'))
  const fileOnly = settings.filter(({ kind, variable }) => kind !== 'section' && kind !== 'tables' && !variable)
  const keys = fileOnly.filter(({ awsVariable }) => !awsVariable).map(({ key }) => key)
  const perTable = keys.flatMap((key) => (key.startsWith('tables.*.') ? [key.slice('tables.*.'.length)] : []))
  const others = Object.entries(OTHER_VARIABLES).map(
    ([variable, description]): Setting => ({ key: '', kind: 'text', description, variable }),
  )
  return `Settings come from flags, then from the environment, then from dwh.yaml in the working folder, then from defaults. \
For each variable: its key in dwh.yaml, its default, and what it means.

${settingsHelp([...settings, ...others], { width })}

As the AWS SDK reads them: ${settings.flatMap(({ awsVariable }) => awsVariable ?? []).join(', ')}.

Only in dwh.yaml: ${keys.filter((key) => !key.startsWith('tables.')).join(', ')}; and for each table, under tables.<name>: ${perTable.join(', ')}.

Pages: docs/configuration.md, docs/storage.md.
`
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  settings: { description: 'variables, and keys of dwh.yaml', text: settingsText },
  'exit-codes': { description: 'what each exit code means', text: () => EXIT_CODES },
}
