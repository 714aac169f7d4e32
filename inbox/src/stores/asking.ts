/** The one dialog about organising that is open, and the conversations it is about. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export const ASKED = ['assign', 'label', 'snooze', 'resolve', 'priority'] as const
export type Asked = (typeof ASKED)[number]

interface Asking {
  what: Asked
  ids: readonly number[]
  /** Those that are ticked, rather than the one on the screen. */
  many: boolean
  then?: () => void
}

export const useAsking = defineStore('asking', () => {
  const asking = shallowRef<Asking | null>(null)

  const one = (what: Asked, id: number, then?: () => void): void => void (asking.value = { what, ids: [id], many: false, then })
  const many = (what: Asked, ids: readonly number[]): void => void (asking.value = { what, ids, many: true })
  const close = (): void => void (asking.value = null)

  return { asking, one, many, close }
})
