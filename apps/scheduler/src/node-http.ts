import { getBuiltinModule } from 'node:process'

/**
 * Node's HTTP, when it is needed. Imported by name it would cost 14 MB at rest (Node 24), since a module's namespace reads every export, and that of WebSocket loads undici; HTTPS brings 5 MB of TLS.
 */
export function nodeHttp(): typeof import('node:http') {
  return getBuiltinModule('node:http')
}

export function nodeHttps(): typeof import('node:https') {
  return getBuiltinModule('node:https')
}
