/** Name of the proposed read-only role. */
export const READER = 'dwh_reader'
