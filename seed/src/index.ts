export { listQueries, type SeedQuery } from './list-queries.ts'
export { MAX_SCALE, type SeedOptions, seedDatabase } from './seed-database.ts'
