/** A column's type as the catalog has it, domains already followed down to the type they rest on. */
export interface PgType {
  readonly oid: number
  /** `pg_type.typname` */
  readonly name: string
  /** Its schema: a type of another schema may have the name of a built-in one. */
  readonly schema: string
  /** `atttypmod`, or the domain's; -1 for none. */
  readonly modifier: number
  /** The digits behind the point that the server's lc_monetary gives to money. */
  readonly moneyDigits: number
  /** `pg_type.typtype`: `b` base, `c` composite, `e` enum, `r` range, `m` multirange. */
  readonly kind: string
  /** The extension that it belongs to; null for none. */
  readonly extension: string | null
  /** What stands between values of this type in the text of an array. */
  readonly delimiter: string
  /** Of an array: the type of its elements. */
  readonly element: PgType | null
  /** Of a composite, in their order. */
  readonly fields: readonly { readonly name: string; readonly type: PgType }[] | null
}
