/** Thumbs on what the bot said: shown at once, and taken back where the hub does not take them. */
import { api } from '@/api/client'
import type { Failure } from '@/api/http'
import type { Message, Rating } from '@/api/types'
import { useSession } from '@/stores/session'
import { useThreads } from '@/stores/threads'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

export function useRating() {
  const session = useSession()
  const threads = useThreads()
  const toasts = useToasts()
  const wording = useWording()

  async function rate(message: Message, rating: Rating, meant: string | null = null): Promise<boolean> {
    const before = message.payload.rating
    const given = rating ? { rating, meant, by: session.me?.name ?? '' } : undefined
    threads.note(message, 'rating', given)
    try {
      await api.rate(message.id, rating, meant)
      return true
    } catch (error) {
      threads.note(message, 'rating', before)
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
      return false
    }
  }

  return { rate }
}
