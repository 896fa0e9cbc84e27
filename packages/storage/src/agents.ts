import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'

export interface AgentOptions {
  readonly ca?: string | undefined
  readonly proxy?: string | undefined
}

export interface Agents {
  readonly httpAgent: HttpAgent
  readonly httpsAgent: HttpsAgent
}

const MAX_SOCKETS = 32

/**
 * Makes Node's agents for a server, with up to 32 persistent connections. `ca`: PEM certificates to trust in addition
 * to Node's. `proxy`: the URL of a proxy.
 */
export async function agents({ ca, proxy }: AgentOptions): Promise<Agents> {
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS }
  if (proxy === undefined)
    return { httpAgent: new HttpAgent(settings), httpsAgent: new HttpsAgent({ ...settings, ...trust }) }
  const [{ HttpProxyAgent }, { HttpsProxyAgent }] = await Promise.all([
    import('http-proxy-agent'),
    import('https-proxy-agent'),
  ])
  // both are agents of Node, except for their declared type
  const httpsAgent = new HttpsProxyAgent(proxy, { ...settings, ...trust })
  Object.assign(httpsAgent.connectOpts, trust)
  return {
    httpAgent: new HttpProxyAgent(proxy, settings) as unknown as HttpAgent,
    httpsAgent: httpsAgent as unknown as HttpsAgent,
  }
}
