/** Several agents at one conversation. */
import { request } from './http'
import type { Draft, Page, Viewer } from './types'

export const together = {
  look: (conversation: number, typing: boolean) =>
    request<Page<Viewer>>('POST', `/conversations/${conversation}/viewing`, { body: { typing } }),
  leave: (conversation: number) => request<void>('DELETE', `/conversations/${conversation}/viewing`),
  drafts: (conversation: number) => request<Page<Draft>>('GET', `/conversations/${conversation}/drafts`),
  keepDraft: (conversation: number, { mode, ...draft }: Draft) =>
    request<Page<Draft>>('PUT', `/conversations/${conversation}/drafts/${mode}`, { body: draft }),
}
