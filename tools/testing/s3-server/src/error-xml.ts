import { element, type XmlNode, xmlDocument } from './xml.ts'

export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly detail: Readonly<Record<string, string>>
  readonly requestId: string
  readonly hostId: string
}

export function errorXml(error: ErrorBody): string {
  const detail: XmlNode[] = Object.entries(error.detail).map(([name, value]) => element(name, value))
  return xmlDocument(
    element('Error', [
      element('Code', error.code),
      element('Message', error.message),
      ...detail,
      element('RequestId', error.requestId),
      element('HostId', error.hostId),
    ]),
  )
}
