/** `tables`: settings of single tables. */
export const TABLE_SETTINGS = [
  {
    key: 'tables',
    kind: 'tables',
    description: 'settings of single tables, by table name in Postgres',
    otherwise: '`{}`',
    holds: 'any text',
    page: 'configuration.md#tables',
  },
  { key: 'tables.*.exclude', kind: 'flag', description: '`true`: leave the table out' },
  {
    key: 'tables.*.name',
    kind: 'text',
    description: 'name of the table in the warehouse, such as `clients` or `sales.clients`',
  },
  {
    key: 'tables.*.columns',
    kind: 'section',
    description: 'columns to leave out, to rename, or to store as another type',
  },
  { key: 'tables.*.columns.exclude', kind: 'list', description: 'columns to leave out, by column name in Postgres' },
  {
    key: 'tables.*.columns.rename',
    kind: 'names',
    description: 'new column names: name in Postgres to name in the warehouse',
  },
  {
    key: 'tables.*.columns.types',
    kind: 'types',
    description: 'how single columns are stored; values as in `types`, and takes precedence over it',
    page: 'types.md#choices',
  },
  {
    key: 'tables.*.extract',
    kind: 'choice',
    choices: ['auto', 'rows', 'copy', 'native'],
    description: 'extraction method of this table',
  },
  {
    key: 'tables.*.verify',
    kind: 'choice',
    choices: ['counts', 'columns', 'hash'],
    description: 'how much of this table to compare with Postgres',
  },
  {
    key: 'tables.*.readers',
    kind: 'readers',
    description: 'programs that must read every value of this table exactly; takes precedence over `readers`',
    page: 'readers.md',
  },
  {
    key: 'tables.*.complete',
    kind: 'choice',
    choices: ['daily', 'changed', 'month-end', 'never'],
    description: 'days of which this table has a plain file; takes precedence over `complete`',
    page: 'lake.md#plain-copies',
  },
  {
    key: 'tables.*.where',
    kind: 'text',
    description:
      'SQL condition in Postgres: only rows that meet it are read. `search_path` is empty: names outside `pg_catalog` need their schema',
  },
] as const
