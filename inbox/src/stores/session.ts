/** Who is signed in, and whether the hub still agrees. */
import { defineStore } from 'pinia'
import { computed, shallowRef, ref } from 'vue'
import { api } from '@/api/client'
import { onSignedOut, Refusal } from '@/api/http'
import type { Me } from '@/api/types'
import { delayBefore } from '@/live/backoff'

export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null)
  /** The session ended while the inbox was open: sign in again over it, nothing is lost. */
  const expired = ref(false)
  const renewals = ref(0)
  /** The hub did not answer yet, so nobody knows whether we are signed in. */
  const unreachable = ref(false)
  const isMe = computed(() => (agent: { id: number } | null | undefined) => !!agent && agent.id === me.value?.id)

  const leads = computed(() => me.value?.role === 'supervisor' || me.value?.role === 'admin')
  const mayErase = leads

  onSignedOut(() => {
    if (me.value) expired.value = true
  })

  /** Asks the hub until it answers; false means nobody is signed in. */
  async function restore(): Promise<boolean> {
    if (me.value) return true
    for (let attempt = 0; ; attempt += 1) {
      try {
        me.value = await api.me()
        unreachable.value = false
        return true
      } catch (error) {
        unreachable.value = !(error instanceof Refusal && error.problem.status < 500)
        if (!unreachable.value) return false
        await new Promise((resolve) => setTimeout(resolve, delayBefore(attempt)))
      }
    }
  }

  const signIn = async (email: string, password: string): Promise<void> => enter(await api.signIn(email, password))

  /** With the session that the hub has just given. */
  function enter(now: Me): void {
    const before = me.value
    if (before && before.id !== now.id) {
      // Someone else took the chair: nothing of the first agent may stay on the page.
      location.reload()
      return
    }
    me.value = now
    if (expired.value) renewals.value += 1
    expired.value = false
  }

  async function signOut(): Promise<void> {
    await api.signOut()
    location.assign('/login')
  }

  /** The stream only says that it failed; this finds out whether the session is the reason. */
  async function check(): Promise<void> {
    try {
      await api.me(false)
    } catch {
      // A 401 has already raised the dialog; anything else is the stream's own business to retry.
    }
  }

  return { me, expired, renewals, unreachable, isMe, leads, mayErase, restore, signIn, enter, signOut, check }
})
