import { Command } from 'commander'
import { completionCommand } from './commands/completion.ts'
import { doctorCommand } from './commands/doctor.ts'
import { extensionsCommand } from './commands/extensions.ts'
import { historyCommand } from './commands/history.ts'
import { initCommand } from './commands/init.ts'
import { planCommand } from './commands/plan.ts'
import { pruneCommand } from './commands/prune.ts'
import { queryCommand } from './commands/query.ts'
import { repairCommand } from './commands/repair.ts'
import { runCommand } from './commands/run.ts'
import { shellCommand } from './commands/shell.ts'
import { statusCommand } from './commands/status.ts'
import { tablesCommand } from './commands/tables.ts'
import { verifyCommand } from './commands/verify.ts'
import { viewsCommand } from './commands/views.ts'
import { redact } from './output/report-error.ts'
import type { World } from './surroundings.ts'
import { version } from './version.ts'

const HELP = `
The way:
  $ export DATABASE_URL=postgres://reader@localhost/app     which Postgres to read
  $ dwh init                                                a dwh.yaml with what there is, if you like
  $ dwh plan                                                what would happen
  $ dwh run                                                 Postgres -> Parquet, published all or nothing
  $ dwh query "SELECT count(*) FROM customers"              answers, with no server and no network
  $ dwh shell                                               a prompt

Settings come from flags, then from the environment, then from dwh.yaml in the working folder, then from defaults:
  DATABASE_URL, PGHOST, PGUSER, ...   source            the Postgres to read
  DWH_STORAGE                         storage           a folder (./warehouse), or a bucket: s3://bucket/prefix
  S3_ENDPOINT, S3_REGION,             s3                where the bucket is, when it is not at AWS; AWS_ACCESS_KEY_ID,
  S3_PATH_STYLE, S3_CA_FILE,                            AWS_SECRET_ACCESS_KEY, AWS_PROFILE, ... as everywhere
  S3_CHECKSUM, S3_ENCRYPTION,                           what a bucket may ask for (docs/storage.md)
  S3_KMS_KEY_ID, S3_ANONYMOUS,
  S3_REQUESTER_PAYS
  DWH_TIMEZONE                        timezone          whose midnight ends a day (UTC)
  DWH_PARALLEL                        parallel          tables read at once (2)
  DWH_EXTRACT                         extract           how tables are read: auto, rows, copy, native (auto)
  DWH_VERIFY                          verify            what is compared afterwards: counts, columns, deep (columns)
  DWH_ON_TABLE_ERROR                  on_table_error    what a table that fails means: fail, keep-previous (fail)
  DWH_LOCK_TIMEOUT                    lock_timeout      how long to wait for a table that is locked (10s)
  DWH_ON_BLOCKED_DDL                  on_blocked_ddl    yield to an ALTER TABLE that waits for a table, or wait (yield)
  DWH_MAX_SNAPSHOT_AGE                max_snapshot_age  how long the snapshot may be open (12h)
  DWH_MEMORY_LIMIT                    memory_limit      what DuckDB may hold (run: 1GiB)
  DWH_TMP                             temp              where files are made (the system's temporary folder)
  DWH_CACHE                           cache             what is kept between queries (~/.cache/dwh)
  DWH_CACHE_SIZE                      cache_size        the most that it may hold of a bucket (10GiB)
  DWH_EXTENSIONS                      extensions        where DuckDB finds extensions (~/.duckdb/extensions)
  DWH_CONFIG                                            another file than dwh.yaml
In dwh.yaml also: include, exclude, types, and per table exclude, name, where, extract, verify, columns.exclude,
columns.rename, columns.types.

Exit codes: 0 done, 1 failed and nothing was published, 2 wrong usage or configuration, 3 published with some tables kept
from before, 4 another run is under way or was quicker, 5 dwh verify found something wrong.`

/** The whole command line. stdout carries only the answer; progress, notes and errors go to stderr. */
export function makeProgram(world: World): Command {
  const program = new Command('dwh')
    .description('The data warehouse that anyone can host: Postgres to Parquet, to SQL through DuckDB.')
    .version(version)
    .option('--storage <place>', 'the warehouse: a folder, or s3://bucket/prefix (default: ./warehouse)')
    .option('--config <path>', 'the configuration file (default: dwh.yaml, if there is one)')
    .option('--timezone <name>', 'whose midnight ends a day (default: UTC)')
    .option('--json', 'write the answer as JSON')
    .option('--debug', 'say more about an error')
    .addHelpText('after', HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('(see dwh --help)')
  const commands = [
    initCommand,
    doctorCommand,
    planCommand,
    runCommand,
    statusCommand,
    historyCommand,
    tablesCommand,
    queryCommand,
    shellCommand,
    viewsCommand,
    verifyCommand,
    repairCommand,
    pruneCommand,
    extensionsCommand,
    completionCommand,
  ]
  for (const make of commands) program.addCommand(make(world))
  // on every command: commander hands settings down only to those it makes itself
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      // it repeats arguments
      writeErr: (text) => void world.stderr.write(redact(text, world.hidden())),
    })
  }
  return program
}
