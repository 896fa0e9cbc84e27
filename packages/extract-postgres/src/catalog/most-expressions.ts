/** Postgres allows 1,664 expressions in one list (MaxTupleAttributeNumber); the rest goes into further queries. */
export const MOST_EXPRESSIONS = 1_600
