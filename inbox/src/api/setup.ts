/** The first run. */
import { request } from './http'
import type { Me } from './types'

export interface FirstAdmin {
  email: string
  name: string
  password: string
}

export interface ChannelToSetUp {
  name: string
  label: string
  hook: string
  console: { page: string; field: string; value: string }[]
}

export interface Finding {
  what: string
  ok: boolean
  advice: string
}

const open = { quiet401: true }

export const setup = {
  check: (token: string) => request<void>('POST', '/setup/check', { body: { token }, ...open }),
  admin: (token: string, admin: FirstAdmin) => request<Me>('POST', '/setup', { body: { token, ...admin }, ...open }),
  channels: () => request<{ items: ChannelToSetUp[] }>('GET', '/setup/channels'),
  diagnose: (name: string) => request<{ items: Finding[] }>('POST', `/channels/${name}/diagnose`, { body: {} }),
}
