/** Coming in: the code of the phone, invitations, and what else the login page offers. */
import { request } from './http'
import type { Me } from './types'

export interface LoginOptions {
  /** What the button of the identity provider says; null: there is none. */
  sso: string | null
  /** There is no admin yet. */
  setup: boolean
}

export interface Enrolment {
  secret: string
  address: string
  qr: string
  pending: string
}

export interface Codes {
  codes: string[]
}

const open = { quiet401: true }

export const login = {
  options: () => request<LoginOptions>('GET', '/session', open),
  code: (pending: string, code: string) => request<Me>('POST', '/session/totp', { body: { pending, code }, ...open }),
  beginEnrolment: (pending: string) => request<Enrolment>('POST', '/session/enrolment', { body: { pending }, ...open }),
  finishEnrolment: (login: string, pending: string, code: string) =>
    request<Codes & { me: Me }>('PUT', '/session/enrolment', { body: { login, pending, code }, ...open }),
  invitation: (token: string) => request<{ name: string; email: string }>('POST', '/invitation', { body: { token }, ...open }),
  accept: (token: string, password: string) => request<void>('PUT', '/invitation', { body: { token, password }, ...open }),
}
