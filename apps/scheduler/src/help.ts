import { SETTINGS, settingsHelp } from '@dwh/warehouse/settings'

const keepVariables = SETTINGS.flatMap(({ key, variable }) => (key.startsWith('keep.') && variable ? [variable] : []))

/** What `--help` says after the options. */
export const HELP: string = `
Reads Postgres and publishes the warehouse when it is time, removes old days, verifies what is there: each as a process of its own, one at a time.
What was missed while it was down is made up for when it starts. A run that fails is tried again. SIGTERM ends it within 10 s, whatever it is doing.

Settings, from the environment, or as schedule: in dwh.yaml (docs/scheduler.md); those of dwh itself are as everywhere:
${settingsHelp(
  SETTINGS.filter(({ key }) => key.startsWith('schedule.')),
  'schedule.',
)}

What to keep when old days are removed: ${keepVariables.join(', ')}.

Examples:
  $ DATABASE_URL=postgres://reader@db/app DWH_STORAGE=s3://lake/app dwh-scheduler
  $ DWH_SCHEDULE="*/15 * * * *" RUN_ON_START=true dwh-scheduler
  $ dwh-scheduler --check-health

Log lines are JSON, on stdout. Exit code: 0 ended by a signal, 2 wrong usage or configuration.`
