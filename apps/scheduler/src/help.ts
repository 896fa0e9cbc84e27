/** What `--help` says after the options. */
export const HELP = `
Reads Postgres and publishes the warehouse when it is time, removes old days, verifies what is there: each as a process of its own, one at a time.
What was missed while it was down is made up for when it starts. A run that fails is tried again. SIGTERM ends it within 10 s, whatever it is doing.

Settings, from the environment, or as schedule: in dwh.yaml (docs/scheduler.md); those of dwh itself are as everywhere:
  DWH_SCHEDULE            run            when to run, as a cron expression; off: never (0 3 * * *)
  DWH_SCHEDULE_TIMEZONE   timezone       the time zone of all cron expressions (DWH_TIMEZONE, or UTC)
  RUN_ON_START            run_on_start   also run at every start (false)
  DWH_CATCH_UP            catch_up       run at the start if the last scheduled time was missed (true)
  DWH_DEADLINE            deadline       how long a job may take, 576h at most; 0s: no limit (12h)
  DWH_RETRIES             retries        how often a run that failed is tried again (5)
  DWH_RETRY_DELAY         retry_delay    before the first retry; twice as long before each other, up to 1h (1m)
  DWH_STALE_AFTER         stale_after    how long after a scheduled time the warehouse may still be as before (3h)
  DWH_PRUNE_SCHEDULE      prune          when to remove old days, where DWH_KEEP_DAILY, DWH_KEEP_WEEKLY,
                                         DWH_KEEP_MONTHLY or DWH_KEEP_YEARLY say what to keep (0 4 * * *)
  DWH_VERIFY_SCHEDULE     verify         when to verify the warehouse; off: never (0 5 * * 0)
  DWH_VERIFY_SAMPLE       verify_sample  the share of the files that is read whole then (5%)
  DWH_WEBHOOK_URL         webhook        where alerts are sent, as Slack understands them (nowhere)
  DWH_ROW_CHANGE          row_change     by how much the rows of a table may change from run to run (50%)
  DWH_LISTEN              listen         where /healthz, /readyz and /metrics answer; off: nowhere (127.0.0.1:8080)

Examples:
  $ DATABASE_URL=postgres://reader@db/app DWH_STORAGE=s3://lake/app dwh-scheduler
  $ DWH_SCHEDULE="*/15 * * * *" RUN_ON_START=true dwh-scheduler
  $ dwh-scheduler --check-health

Log lines are JSON, on stdout. Exit code: 0 ended by a signal, 2 wrong usage or configuration.`
