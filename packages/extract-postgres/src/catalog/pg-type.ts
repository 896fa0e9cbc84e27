/** Type of a column from the catalog, with domains resolved to their base type. */
export interface PgType {
  readonly oid: number
  /** `pg_type.typname` */
  readonly name: string
  /** Its schema: a type of another schema may have the name of a built-in one. */
  readonly schema: string
  /** `atttypmod`, or the domain's; -1 for none. */
  readonly modifier: number
  /** Digits after the decimal point of money, by the lc_monetary of the server. */
  readonly moneyDigits: number
  /** `pg_type.typtype`: `b` base, `c` composite, `e` enum, `r` range, `m` multirange. */
  readonly kind: string
  /** The extension that the type belongs to; null for none. */
  readonly extension: string | null
  /** Separator between values of this type in the text of an array. */
  readonly delimiter: string
  /** For an array: the type of its elements. */
  readonly element: PgType | null
  /** For a composite: its fields, in their order. */
  readonly fields: readonly { readonly name: string; readonly type: PgType }[] | null
}
