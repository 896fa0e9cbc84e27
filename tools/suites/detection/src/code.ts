/** The code under test; `buildCode` builds it with changes. */
export { postgresSource } from '@dwh/extract-postgres'
