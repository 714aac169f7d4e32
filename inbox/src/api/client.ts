/** One function for each endpoint that the inbox needs everywhere; areas have files of their own beside this one. */
import type {
  Agent,
  Bots,
  Channel,
  Conversation,
  Counts,
  Device,
  Known,
  LiveCall,
  Me,
  Message,
  MessageDraft,
  MyPhone,
  NewConversation,
  Page,
  Proposal,
  QuestionCluster,
  Rating,
  SoftphonePass,
  Suggestions,
} from './types'
import { answerTo, BASE, query, request } from './http'

export const api = {
  signIn: (email: string, password: string) =>
    request<Me>('POST', '/session', { body: { email, password }, quiet401: true }),
  signOut: () => request<void>('DELETE', '/session', { quiet401: true }),
  me: (quiet401 = true) => request<Me>('GET', '/me', { quiet401 }),

  counts: () => request<Counts>('GET', '/conversations/counts'),
  conversation: (id: number) => request<Conversation>('GET', `/conversations/${id}`),
  messages: (id: number, where: { before?: string | number | null; after?: string | number | null; around?: number; limit?: number } = {}) =>
    request<Page<Message> & { newer: number | null }>('GET', `/conversations/${id}/messages${query(where)}`),

  begin: (conversation: NewConversation, key: string) =>
    request<Conversation>('POST', '/conversations', { body: conversation, headers: { 'Idempotency-Key': key } }),
  postMessage: (id: number, draft: MessageDraft, key: string) =>
    request<Message>('POST', `/conversations/${id}/messages`, { body: draft, headers: { 'Idempotency-Key': key } }),
  resend: (message: number) => request<Message>('POST', `/messages/${message}/resend`, { body: {} }),
  claim: (id: number) => request<Conversation>('POST', `/conversations/${id}/claim`, { body: {} }),
  handover: (id: number, to: 'bot' | 'people') =>
    request<Conversation>('POST', `/conversations/${id}/handover`, { body: { to } }),
  reopen: (id: number) => request<Conversation>('POST', `/conversations/${id}/reopen`, { body: {} }),
  read: (id: number) => request<Conversation | undefined>('POST', `/conversations/${id}/read`, { body: {} }),
  typing: (id: number) => request<void>('POST', `/conversations/${id}/typing`, { body: {} }),

  calls: () => request<Page<LiveCall>>('GET', '/calls'),
  callOut: (conversation: number) => request<Message>('POST', `/conversations/${conversation}/calls`, { body: {} }),
  takeCall: (call: number) => request<LiveCall>('POST', `/calls/${call}/take`, { body: {} }),
  hangUp: (call: number) => request<LiveCall>('POST', `/calls/${call}/hang-up`, { body: {} }),
  hold: (call: number, on: boolean) => request<LiveCall>('POST', `/calls/${call}/hold`, { body: { on } }),
  transfer: (call: number, agent: number) =>
    request<LiveCall>('POST', `/calls/${call}/transfer`, { body: { agent_id: agent } }),
  myPhone: () => request<MyPhone>('GET', '/me/phone'),
  chooseDevice: (device: Device) => request<MyPhone>('PUT', '/me/phone', { body: { device } }),
  softphone: () => request<SoftphonePass>('POST', '/me/softphone', { body: {} }),


  suggestions: (conversation: number) => request<Suggestions>('GET', `/conversations/${conversation}/suggestions`),
  rate: (message: number, rating: Rating, meant: string | null) =>
    request<Message>('PUT', `/messages/${message}/rating`, { body: { rating, meant } }),
  knowledge: () => request<Page<Known>>('GET', '/knowledge'),
  bots: () => request<Bots>('GET', '/bots'),
  questions: (cursor?: string | number | null) =>
    request<Page<QuestionCluster>>('GET', `/questions${query({ state: 'open', cursor })}`),
  proposeFor: (cluster: number, entry: string) =>
    request<Proposal>('POST', `/questions/${cluster}/propose`, { body: { entry } }),
  dismissQuestion: (cluster: number) => request<unknown>('POST', `/questions/${cluster}/dismiss`, { body: {} }),
  propose: (entry: string, questions: string[], message: number) =>
    request<Proposal>('POST', '/proposals', { body: { entry, questions, message_id: message } }),
  proposals: (cursor?: string | number | null) =>
    request<Page<Proposal>>('GET', `/proposals${query({ state: 'open', cursor })}`),
  diff: async (proposal: number) =>
    (await answerTo('GET', `/proposals/${proposal}/diff`, { headers: { Accept: 'text/x-diff' } })).text(),
  dismissProposal: (proposal: number) => request<unknown>('POST', `/proposals/${proposal}/dismiss`, { body: {} }),

  channels: () => request<Page<Channel>>('GET', '/channels'),
  agents: (q = '') => request<Page<Agent>>('GET', `/agents${query({ q })}`),
}

/** The mail as a page for a frame; with `images`, the hub fetches those that lie elsewhere itself. */
export const pageAddress = (message: number, images: boolean): string =>
  `${BASE}/messages/${message}/page${images ? '?images=1' : ''}`
