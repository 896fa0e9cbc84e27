/*
 * What people type who know other tools, and what it is called here. Each text follows the error message.
 */

const ASK = '`dwh query "SELECT ..."` answers a query, `dwh shell` opens a prompt.'
const COPY = '`dwh run` copies the tables of Postgres to the warehouse.'
const SCHEDULE = '`dwh run` runs once; the program dwh-scheduler runs it on a schedule (docs/scheduler.md).'
const LIST = '`dwh tables` lists the tables, `dwh schema orders` shows the columns of one.'
const LOOK = '`dwh doctor` tests connections and permissions, `dwh verify` checks the files.'
const CONFIGURE = '`dwh init` writes a dwh.yaml, `dwh help settings` lists all settings.'
const REMOVE = '`dwh prune` shows which old days it would remove, and removes them with --yes.'
const START = '`dwh init` writes a dwh.yaml, `dwh run` makes the warehouse.'
const STATE = '`dwh status` shows freshness, size and the last failure.'
const RUNS = '`dwh history` lists the runs.'
const OPEN = '`dwh open` opens the tables in the DuckDB command line.'
const EXPORT =
  '`dwh export orders` writes a table to a Parquet file, `dwh query "FROM orders" -o orders.csv` to others.'

/** By what was typed as a command. */
export const COMMANDS: Readonly<Record<string, string>> = hints({
  [ASK]: 'sql ask select from with exec execute',
  '`dwh shell` opens an SQL prompt.': 'psql repl console cli prompt connect sh terminal',
  [COPY]: 'sync load etl elt extract import copy ingest pull fetch update refresh build go',
  [SCHEDULE]: 'start serve server schedule scheduler cron daemon watch up loop',
  [LIST]: 'ls list show desc describe columns ddl dt table',
  [LOOK]: 'check test ping diagnose validate lint selftest',
  [CONFIGURE]: 'config configure settings setting env set',
  [REMOVE]: 'clean cleanup gc delete rm remove vacuum expire purge forget retention',
  [START]: 'setup create new bootstrap',
  [STATE]: 'info state stats health stat',
  [RUNS]: 'log logs runs jobs',
  [OPEN]: 'duckdb ui browse gui web',
  [EXPORT]: 'dump download save unload write',
  '`dwh plan` shows what a run would do.': 'preview dry-run dryrun dry explain',
  '`dwh repair` rebuilds etl.json and manifests from the Parquet files.': 'fix recover fsck rebuild',
  'Each run keeps the tables of its day. To copy the warehouse itself, see docs/backup.md.': 'backup snapshot archive',
  '`--as-of <day>` reads an earlier day; docs/backup.md says how to restore files.': 'restore rollback undo revert',
  '`dwh extensions add` installs a DuckDB extension.': 'install add plugin plugins',
  '`npm install --global @dwh/cli` installs the newest version.': 'upgrade self-update',
})

const SOURCE = 'DATABASE_URL names the Postgres to read; init, doctor, plan and run also take --source <url>.'
const STORAGE = '`--storage <place>` says where the warehouse is: a folder, s3://bucket/prefix.'
const JSON_ONLY = '`--json` writes the result as JSON. Other formats: `dwh query --format csv`.'
const PLAN = '`dwh plan` shows what a run would do.'
const WHOLE =
  'A run reads each table that has changed, as a whole. `where` in dwh.yaml limits the rows of one (docs/configuration.md#tables).'
const REFRESH = '`--full-refresh` reads every table, also those that have not changed.'
const AS_OF = '`--as-of <day>` reads the tables of an earlier day.'
const KEEP = 'Say which days to keep: --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly.'

/** By option, for every command. */
export const OPTIONS: Readonly<Record<string, string>> = hints({
  [SOURCE]: '--db --database --database-url --dsn --url --host --connection -d --source --from-db --pg --user -U',
  [STORAGE]: '--dir --folder --path --bucket --warehouse --target --dest --destination --to-dir --data-dir',
  [JSON_ONLY]: '--format --csv --output-format --markdown --pretty',
  '`-V` prints the version, `--debug` the stack trace of an error.': '-v --verbose',
  'Progress and notes go to stderr: `2>/dev/null` hides them.': '-q --quiet --silent --no-progress',
  '`--timezone <name>` sets the time zone.': '--tz --time-zone --zone',
  'The password comes from PGPASSWORD, ~/.pgpass or the URL in DATABASE_URL.': '--password -W',
})

const RUN = {
  [PLAN]: '--dry-run --dry -n --preview --what-if --check --explain',
  [WHOLE]: '--since --from --until --where --incremental --delta --limit --lookback --after',
  [REFRESH]: '--full --full-load --all --refresh --reload --no-incremental',
  '`--date <day>` stores the tables under a past day.': '--as-of --day --at --on',
  '`--replace` allows replacing a past day.': '--force -f --overwrite',
  '`--tables <patterns...>` reads only these tables.': '-t --only --select --include --pattern',
  '`exclude` in dwh.yaml leaves tables out (docs/configuration.md#patterns).': '--skip --exclude --ignore --except',
  '`--parallel <number>` reads so many tables at once.': '--threads --jobs -j --concurrency --workers',
  [SCHEDULE]: '--schedule --cron --every --watch --interval --daemon --loop',
}
const READ = { [AS_OF]: '--date --day --at --on --when --snapshot --version-as-of' }
const SHOW = {
  '`--max-rows <number>` limits what a table shows; LIMIT in the SQL limits the rows.': '--limit -n --rows',
}

/** By command, then by option. */
export const OPTIONS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  run: hints(RUN),
  plan: hints(RUN),
  query: hints({ ...READ, ...SHOW, '`--format csv` is one of the formats.': '--csv --tsv --markdown --jsonl --table' }),
  shell: hints({ ...READ, ...SHOW, [ASK]: '--command -e --execute --sql' }),
  tables: hints(READ),
  schema: hints(READ),
  views: hints(READ),
  open: hints({ ...READ, [ASK]: '-c --command --sql' }),
  export: hints({
    'The day comes after the table: dwh export orders 2026-02-18.': `--as-of ${READ[AS_OF]}`,
    '`--to <file>` says where to write; "-" is stdout.': '-o --output --out --file -f --stdout',
    [EXPORT]: '--format --csv --tsv --jsonl',
    'One file holds one table: call it for each.': '--tables --all -t --table',
  }),
  prune: hints({
    [KEEP]: '--keep --days --older-than --before --retain --daily --weekly --monthly --yearly',
    'Without --yes it only shows what it would remove.': '--dry-run --dry -n --preview',
    '`--yes` removes the days.': '--force -f -y --remove --delete',
  }),
  verify: hints({ '`dwh repair` rebuilds etl.json and manifests.': '--fix --repair' }),
  history: hints({ '`--limit <number>` lists so many runs.': '-n --last --rows --max-rows' }),
  init: hints({
    '`--print` writes to stdout.': '--dry-run --dry --stdout',
    '`--force` replaces the file.': '-f --overwrite',
  }),
}

/**
 * What to do with an argument of a command that takes none; `given` is safe to print, and null if it may be a secret.
 */
export function surplusHint(command: string, given: readonly string[] | null): string | null {
  const words = given ?? []
  const url = given === null || words.some((word) => /^[a-z][a-z0-9+.-]*:\/\//i.test(word))
  if (['run', 'plan', 'init', 'doctor'].includes(command) && url) return SOURCE
  if (command === 'run' || command === 'plan')
    return given === null ? null : `Did you mean dwh ${command} --tables ${words.map(quoted).join(' ')}?`
  if (command === 'query') return 'Put the SQL in quotes: dwh query "SELECT count(*) FROM orders".'
  if (command === 'prune') return KEEP
  if (command === 'shell') return ASK
  if (['status', 'history', 'verify', 'repair', 'views'].includes(command))
    return `It covers the whole warehouse. ${LIST}`
  return null
}

function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `"${word}"`
}

/** From hints, each with its words, to the hint of each word. */
function hints(byHint: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(byHint).flatMap(([hint, words]) => words.split(' ').map((word) => [word, hint])),
  )
}
