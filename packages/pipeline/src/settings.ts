import type { SelectionSettings, Source } from '@dwh/core'

export interface SourceSettings extends SelectionSettings {
  readonly source: Source
}
