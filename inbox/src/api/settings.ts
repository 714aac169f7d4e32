/** Myself, the teams, and what lives in files. */
import { request } from './http'
import type { Me, Page, Role } from './types'

export interface Token {
  id: number
  kind: 'session' | 'api'
  name: string
  created_at: string
  used_at: string | null
  expires_at: string | null
  here: boolean
}

/** How I prove who I am. */
export interface MyLogin {
  password: boolean
}

export interface Member {
  email: string
  id: number | null
  name: string
  role: Role | null
  seen_at: string | null
  disabled: boolean
}

export interface Team {
  name: string
  open: boolean
  file: string
  line: number | null
  members: Member[]
}

export interface ConfigSection {
  file: string
  section: string
  line: number
  entries: { key: string; value: string; line: number }[]
}

export const settings = {
  rename: (name: string) => request<Me>('PATCH', '/me', { body: { name } }),
  changePassword: (current: string, password: string) => request<void>('PUT', '/me/password', { body: { current, password } }),
  login: () => request<MyLogin>('GET', '/me/login'),
  tokens: () => request<Page<Token>>('GET', '/me/tokens'),
  makeToken: (name: string) => request<{ token: string }>('POST', '/me/tokens', { body: { name } }),
  revokeToken: (id: number) => request<void>('DELETE', `/me/tokens/${id}`),
  leaveElsewhere: () => request<void>('DELETE', '/me/sessions'),
  teams: () => request<{ items: Team[] }>('GET', '/teams'),
  config: () => request<{ items: ConfigSection[] }>('GET', '/config'),
}
