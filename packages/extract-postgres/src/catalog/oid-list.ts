/** Writes oids as an array in SQL. */
export const oidList = (oids: readonly number[]) => `'{${oids.join(',')}}'::oid[]`
