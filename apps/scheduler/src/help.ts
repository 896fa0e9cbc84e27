import { SETTINGS, settingsHelp } from '@dwh/warehouse/settings'

const keepVariables = SETTINGS.flatMap(({ key, variable }) => (key.startsWith('keep.') && variable ? [variable] : []))

/** Text of `--help` after the options. */
export const HELP: string = `
Runs three jobs on a schedule: copies Postgres to the warehouse, removes old
days, and verifies the files. Each job is a separate process, and only one runs
at a time. On start it catches up on missed runs. It retries a failed run.
SIGTERM always ends it within 10 s.

Settings, from the environment or under schedule: in dwh.yaml (in brackets: key
and default). Settings of dwh itself also apply (dwh help settings).
${settingsHelp(
  SETTINGS.filter(({ key }) => key.startsWith('schedule.')),
  { prefix: 'schedule.' },
)}

Only in dwh.yaml: some tables more often than all, with runs of their own. A run
of all tables that is due at the same time covers them.
  schedule:
    tables:
      - run: "*/5 * * * *"
        tables: [orders, order_items]

Which days to keep when old days are removed:
  ${keepVariables.join(', ')}

Examples:
  $ DATABASE_URL=postgres://reader@db/app DWH_STORAGE=s3://lake dwh-scheduler
  $ DWH_SCHEDULE="*/15 * * * *" RUN_ON_START=true dwh-scheduler
  $ dwh-scheduler --check-health

Log lines are JSON, on stdout. Their times are in UTC (Z); schedules are in the
time zone of the warehouse, or in schedule.timezone.
Exit code: 0 ended by a signal, 2 wrong usage or configuration.`
