import { getBuiltinModule } from 'node:process'

/**
 * Loads Node's HTTP when it is needed. An import would cost 14 MB at rest (Node 24): a module namespace reads every
 * export, and the export WebSocket loads undici. HTTPS adds 5 MB for TLS.
 */
export function nodeHttp(): typeof import('node:http') {
  return getBuiltinModule('node:http')
}

export function nodeHttps(): typeof import('node:https') {
  return getBuiltinModule('node:https')
}
