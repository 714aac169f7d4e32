/** One function for each endpoint of the hub, and the one place that speaks HTTP. */
import type {
  Agent,
  Attachment,
  Bots,
  Channel,
  Contact,
  Conversation,
  ConversationStatus,
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
  Problem,
  Proposal,
  QuestionCluster,
  Rating,
  SoftphonePass,
  Suggestions,
} from './types'

export const BASE = '/api/v1'

/** The hub answered, and the answer is no. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code)
  }

  get code(): string {
    return this.problem.code
  }
}

/** No answer came: the request may or may not have arrived. */
export class Unanswered extends Error {
  readonly code = 'unanswered'
}

export type Failure = Refusal | Unanswered

let signedOut: () => void = () => undefined

/** Called whenever the hub no longer knows who we are, except when signing in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener
}

/** Under the same key the hub does a thing once, however often it is asked. */
export function newKey(): string {
  if (crypto.randomUUID) return crypto.randomUUID()
  // Plain-HTTP installations have no randomUUID.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

interface Options {
  body?: unknown
  headers?: Record<string, string>
  quiet401?: boolean
}

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  return readJson<T>(await answerTo(method, path, options))
}

async function answerTo(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    })
  } catch {
    throw new Unanswered()
  }
  if (response.ok) return response
  if (response.status === 401 && !options.quiet401) signedOut()
  throw new Refusal(await readProblem(response))
}

async function readJson<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '')
  return toProblem(response.status, text)
}

/** Also for answers that never came from the hub, such as a proxy's error page. */
export function toProblem(status: number, text: string): Problem {
  const plain: Problem = { code: `http_${status}`, title: '', status }
  try {
    return { ...plain, ...(JSON.parse(text) as Partial<Problem>) }
  } catch {
    return plain
  }
}

/** A gateway that lost its hub may have passed the request on, so it counts as no answer. */
export function mayHaveArrived(error: unknown): boolean {
  return error instanceof Unanswered || (error instanceof Refusal && error.problem.status >= 502)
}

function query(values: Record<string, string | number | null | undefined>): string {
  const present = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return present.length ? `?${new URLSearchParams(present.map(([key, value]) => [key, String(value)]))}` : ''
}

export interface ConversationFilter {
  status?: ConversationStatus[]
  assignee?: 'me' | 'none' | number
}

export const api = {
  signIn: (email: string, password: string) =>
    request<Me>('POST', '/session', { body: { email, password }, quiet401: true }),
  signOut: () => request<void>('DELETE', '/session', { quiet401: true }),
  me: (quiet401 = true) => request<Me>('GET', '/me', { quiet401 }),

  conversations: (filter: ConversationFilter, cursor?: string | number | null, limit = 50) =>
    request<Page<Conversation>>(
      'GET',
      `/conversations${query({ status: filter.status?.join(','), assignee: filter.assignee, cursor, limit })}`,
    ),
  counts: () => request<Counts>('GET', '/conversations/counts'),
  conversation: (id: number) => request<Conversation>('GET', `/conversations/${id}`),
  messages: (id: number, where: { before?: string | number | null; after?: string | number | null; limit?: number } = {}) =>
    request<Page<Message>>('GET', `/conversations/${id}/messages${query(where)}`),

  begin: (conversation: NewConversation, key: string) =>
    request<Conversation>('POST', '/conversations', { body: conversation, headers: { 'Idempotency-Key': key } }),
  postMessage: (id: number, draft: MessageDraft, key: string) =>
    request<Message>('POST', `/conversations/${id}/messages`, { body: draft, headers: { 'Idempotency-Key': key } }),
  resend: (message: number) => request<Message>('POST', `/messages/${message}/resend`, { body: {} }),
  claim: (id: number) => request<Conversation>('POST', `/conversations/${id}/claim`, { body: {} }),
  assign: (id: number, agent: number | null) =>
    request<Conversation>('POST', `/conversations/${id}/assign`, { body: { agent } }),
  handover: (id: number, to: 'bot' | 'people') =>
    request<Conversation>('POST', `/conversations/${id}/handover`, { body: { to } }),
  resolve: (id: number) => request<Conversation>('POST', `/conversations/${id}/resolve`, { body: {} }),
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

  contact: (id: number) => request<Contact>('GET', `/contacts/${id}`),
  erase: (contact: number) => request<Contact>('POST', `/contacts/${contact}/erase`, { body: {} }),
  unmerge: (contact: number, merge: number) => request<Contact>('POST', `/contacts/${contact}/unmerge`, { body: { merge } }),
  tag: (contact: number, tags: string[]) => request<Contact>('PATCH', `/contacts/${contact}`, { body: { tags } }),

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
  agents: () => request<Page<Agent>>('GET', '/agents'),
}

/** Uploads one file; XMLHttpRequest because fetch tells nothing of progress. */
export function upload(file: File, onProgress: (share: number) => void): { done: Promise<Attachment>; cancel: () => void } {
  const xhr = new XMLHttpRequest()
  const done = new Promise<Attachment>((resolve, reject) => {
    xhr.open('POST', `${BASE}/attachments`)
    xhr.setRequestHeader('Accept', 'application/json')
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total)
    xhr.onerror = () => reject(new Unanswered())
    xhr.onabort = () => reject(new Unanswered())
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) return resolve(JSON.parse(xhr.responseText) as Attachment)
      if (xhr.status === 401) signedOut()
      reject(new Refusal(toProblem(xhr.status, xhr.responseText)))
    }
    const form = new FormData()
    form.append('file', file, file.name || 'image.png')
    xhr.send(form)
  })
  return { done, cancel: () => xhr.abort() }
}

/** The mail as a page for a frame; with `images`, the hub fetches those that lie elsewhere itself. */
export const pageAddress = (message: number, images: boolean): string =>
  `${BASE}/messages/${message}/page${images ? '?images=1' : ''}`
