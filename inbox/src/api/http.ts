/** The one place that speaks HTTP. Each area of the hub has its endpoints in a file beside this one. */
import type { Attachment, Problem } from './types'

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
  signal?: AbortSignal
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  return readJson<T>(await answerTo(method, path, options))
}

export async function answerTo(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: options.signal,
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

export function query(values: Record<string, string | number | null | undefined>): string {
  const present = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return present.length ? `?${new URLSearchParams(present.map(([key, value]) => [key, String(value)]))}` : ''
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
