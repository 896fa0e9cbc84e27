/** A violation that the search of a scenario finds. */
export interface Finding {
  /**
   * `hole`: what an earlier text of the protocol asked for, or did not forbid. `flaw`: a mistake that somebody may
   * make. `limit`: what the protocol does not promise.
   */
  readonly kind: 'hole' | 'flaw' | 'limit'
  readonly what: string
  /** A part of the violation's text. */
  readonly violation: string
}

/** A way to break the protocol on purpose. */
export interface Flaw extends Finding {
  readonly name: string
  /** A second flaw without which the first one does no harm. */
  readonly with?: string
}

type More = Pick<Flaw, 'with'>

export const hole = (name: string, what: string, violation: string, more: More = {}): Flaw => ({
  name,
  kind: 'hole',
  what,
  violation,
  ...more,
})
export const flaw = (name: string, what: string, violation: string): Flaw => ({ name, kind: 'flaw', what, violation })
