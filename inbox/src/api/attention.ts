/** What I am told about, and by which of my browsers. */
import { request } from './http'

export const ABOUT = ['message', 'assigned', 'mention', 'reminder', 'sla', 'whisper', 'taken_over', 'follow', 'csat'] as const
export type About = (typeof ABOUT)[number]

export interface NotificationChoices {
  about: Record<About, boolean>
  /** Who wrote, and what, where others may see the screen. */
  show_content: boolean
  quiet_from: string | null
  quiet_to: string | null
  public_key: string
}

export interface Subscription {
  endpoint: string
  p256dh: string
  auth: string
  language: string
}

export const attentionApi = {
  choices: () => request<NotificationChoices>('GET', '/me/notifications'),
  choose: ({ public_key: _, ...choices }: NotificationChoices) =>
    request<NotificationChoices>('PUT', '/me/notifications', { body: choices }),
  subscribe: (subscription: Subscription) => request<void>('POST', '/me/push', { body: subscription, quiet401: true }),
  unsubscribe: (endpoint: string) => request<void>('DELETE', '/me/push', { body: { endpoint } }),
}
