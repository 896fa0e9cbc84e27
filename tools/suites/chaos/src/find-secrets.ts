/** The forms in which a secret may appear. */
export const ENCODINGS: Readonly<Record<string, (secret: string) => readonly string[]>> = {
  plain: (secret) => [secret],
  url: (secret) => [
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    ...allPercent(secret),
  ],
  json: (secret) => [JSON.stringify(secret).slice(1, -1), unicodeEscapes(secret)],
  'json twice': (secret) => [JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  hex: (secret) => [Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('hex').toUpperCase()],
  base64: (secret) => inBase64(secret),
  base64url: (secret) => inBase64(secret).map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  utf16: (secret) => [Buffer.from(secret, 'utf16le').toString('latin1')],
  conninfo: (secret) => [secret.replace(/[\\']/g, '\\$&'), secret.replaceAll("'", "''")],
}

function allPercent(secret: string): string[] {
  const lower = Buffer.from(secret).toString('hex').replace(/../g, '%$&')
  return [lower, lower.toUpperCase(), encodeURI(secret)]
}

function unicodeEscapes(secret: string): string {
  return JSON.stringify(secret)
    .slice(1, -1)
    .replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Returns the part of its base64 that does not depend on the bytes around it, for each of three alignments. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

/** Returns the secrets that these bytes contain, and in which form. */
export function findSecrets(bytes: Uint8Array | string, secrets: Readonly<Record<string, string>>): string[] {
  const hay = Buffer.from(bytes).toString('latin1')
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(ENCODINGS).flatMap(([encoding, encode]) => {
      const forms = encode(secret).map((form) => (encoding === 'utf16' ? form : Buffer.from(form).toString('latin1')))
      return forms.some((form) => hay.includes(form)) ? [`${name} (${encoding})`] : []
    }),
  )
}
