/** `tables`: what is said of single tables. */
export const TABLE_SETTINGS = [
  {
    key: 'tables',
    kind: 'tables',
    description: 'settings of single tables, by their names in Postgres',
    otherwise: '`{}`',
    holds: 'any text',
    page: 'configuration.md#tables',
  },
  { key: 'tables.*.exclude', kind: 'flag', description: '`true`: leave the table out' },
  {
    key: 'tables.*.name',
    kind: 'text',
    description: 'its name in the warehouse, such as `clients` or `sales.clients`',
  },
  {
    key: 'tables.*.columns',
    kind: 'section',
    description: 'columns to leave out, to rename, or to store in another way',
  },
  { key: 'tables.*.columns.exclude', kind: 'list', description: 'columns to leave out, by their names in Postgres' },
  {
    key: 'tables.*.columns.rename',
    kind: 'names',
    description: 'from the name in Postgres to the name in the warehouse',
  },
  {
    key: 'tables.*.columns.types',
    kind: 'types',
    description: 'how single columns are stored, as in `types`, over which it wins',
    page: 'types.md#choices',
  },
  {
    key: 'tables.*.extract',
    kind: 'choice',
    choices: ['auto', 'rows', 'copy', 'native'],
    description: 'how this table is read',
  },
  {
    key: 'tables.*.verify',
    kind: 'choice',
    choices: ['counts', 'columns', 'hash'],
    description: 'how much of this table is compared with Postgres after it was written',
  },
  {
    key: 'tables.*.where',
    kind: 'text',
    description:
      "a condition in Postgres's SQL; the other rows are left out. `search_path` is empty: names outside `pg_catalog` need their schema",
  },
] as const
