import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/extract-postgres/src'

/** Leaves a setting of the session to the database. */
function setting(line: string, name: string): PlantedFault {
  return {
    name: `the session leaves ${name} to the database`,
    file: `${src}/session/session.ts`,
    find: `  ${line},\n`,
    replace: '',
    tests: [`${src}/session/session.test.ts`],
  }
}

export const EXTRACT_POSTGRES: readonly PlantedFault[] = [
  setting("row_security: 'off'", 'row_security'),
  setting("search_path: ''", 'search_path'),
  setting("TimeZone: 'UTC'", 'TimeZone'),
  setting("DateStyle: 'ISO, YMD'", 'DateStyle'),
  setting("IntervalStyle: 'postgres'", 'IntervalStyle'),
  setting("bytea_output: 'hex'", 'bytea_output'),
  setting("xmlbinary: 'base64'", 'xmlbinary'),
  setting("extra_float_digits: '1'", 'extra_float_digits'),
  setting("standard_conforming_strings: 'on'", 'standard_conforming_strings'),
  setting("quote_all_identifiers: 'off'", 'quote_all_identifiers'),
  setting("client_encoding: 'UTF8'", 'client_encoding'),
  setting("statement_timeout: '0'", 'statement_timeout'),
  setting("idle_in_transaction_session_timeout: '0'", 'idle_in_transaction_session_timeout'),
  {
    name: 'the session may write',
    file: `${src}/session/session.ts`,
    find: 'REPEATABLE READ READ ONLY',
    replace: 'REPEATABLE READ',
    tests: [`${src}/read/read-rows.test.ts`],
    only: 'nothing can be written',
  },
  {
    name: 'a COPY cut between two rows counts as complete',
    file: `${src}/read/copy-table.ts`,
    find: "      if (query.rowCount === NO_TAG) throw new Error('the server did not say how many rows it sent')",
    replace: '',
    tests: [`${src}/read/copy-table.test.ts`],
  },
  {
    name: 'a column that took the name of another is read',
    file: `${src}/read/lock-table.ts`,
    find: '      field.columnID === column.attnum &&',
    replace: '',
    tests: [`${src}/read/lock-table.test.ts`],
  },
  {
    name: 'a table that was truncated since the snapshot is read as empty',
    file: `${src}/read/lock-table.ts`,
    find: 'pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode',
    replace: 'pg_relation_filenode(c.oid) IS NULL',
    tests: [`${src}/read/lock-table.test.ts`],
  },
  {
    name: 'two conditions are joined without parentheses',
    file: `${src}/read/read-rows.ts`,
    find: '`(${condition}\\n)`',
    replace: '`${condition}\\n`',
    tests: [`${src}/read/read-rows.test.ts`],
    only: 'condition:',
  },
  {
    name: 'the number of rows in a batch has no limit',
    file: `${src}/read/read-rows.ts`,
    find: 'Math.min(fitting, batch.length * 2, batchRows)',
    replace: 'Math.min(fitting, batch.length * 2)',
    tests: [`${src}/read/read-rows.test.ts`],
    only: 'batches stay',
  },
  {
    name: 'ranges of blocks overlap by one row',
    file: `${src}/read/block-ranges.ts`,
    find: "`ctid < '(${to},0)'`",
    replace: "`ctid <= '(${to},1)'`",
    tests: [`${src}/read/block-ranges.test.ts`],
  },
  {
    name: 'rows of two streams are mixed',
    file: `${src}/read/merge-rows.ts`,
    find: 'piece.bytes.at(-1) === NEWLINE ? undefined : piece.stream',
    replace: 'undefined',
    tests: [`${src}/read/merge-rows.test.ts`],
  },
]
