import { S3Error } from './s3-error.ts'

/** Markup that is already escaped. */
export interface XmlNode {
  readonly xml: string
}

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Formats an element around text, which is escaped, or around other elements. `undefined` omits the element. */
export function element(
  name: string,
  content: string | number | boolean | readonly XmlNode[] | undefined,
  attributes = '',
): XmlNode {
  if (content === undefined) return { xml: '' }
  const inner = typeof content === 'object' ? content.map((node) => node.xml).join('') : escapeXml(String(content))
  return { xml: `<${name}${attributes}>${inner}</${name}>` }
}

/** Formats the outermost element of an answer, with S3's namespace. */
export function resultXml(name: string, content: string | readonly XmlNode[]): string {
  return xmlDocument(element(name, content, ` xmlns="${S3_NAMESPACE}"`))
}

export function xmlDocument(root: XmlNode): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.xml}`
}

/**
 * S3 answers control characters, which XML 1.0 cannot contain, as references all the same; `encoding-type=url` avoids
 * them.
 */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/[&<>"\u0000-\u001f]/g, (character) => NAMED[character] ?? `&#x${code(character)};`)
}

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function code(character: string): string {
  return character.charCodeAt(0).toString(16)
}

export interface XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  readonly text: string
}

/**
 * Reads the small documents that S3's clients send: elements and text, in any namespace; attributes are skipped.
 * @throws S3Error MalformedXML
 */
export function parseXml(source: string): XmlElement {
  const root: Building = { name: '', children: [], text: '' }
  const open: Building[] = [root]
  const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([^\s>/]+)([^>]*?)(\/?)>|([^<]+)/gy
  while (token.lastIndex < source.length) {
    const match = token.exec(source)
    if (!match) throw new S3Error('MalformedXML')
    const [, close, name, , empty, text] = match
    const current = open.at(-1) as Building
    if (text !== undefined) current.text += unescapeXml(text)
    else if (name === undefined) continue
    else if (close) {
      if (open.length === 1 || current.name !== localName(name)) throw new S3Error('MalformedXML')
      open.pop()
    } else {
      const child: Building = { name: localName(name), children: [], text: '' }
      current.children.push(child)
      if (!empty) open.push(child)
    }
  }
  const [only, ...more] = root.children
  if (open.length !== 1 || !only || more.length > 0) throw new S3Error('MalformedXML')
  return only
}

interface Building {
  name: string
  children: Building[]
  text: string
}

/** Returns the text of the first child with this name. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find((child) => child.name === name)?.text
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&(#x?)?([0-9a-zA-Z]+);/g, (_, numeric: string | undefined, body: string) => {
    if (numeric) return String.fromCodePoint(Number.parseInt(body, numeric === '#x' ? 16 : 10))
    const character = ENTITIES[body]
    if (character === undefined) throw new S3Error('MalformedXML')
    return character
  })
}
