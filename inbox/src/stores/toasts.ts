/** Short sentences at the edge of the screen, some with one thing to do. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface Toast {
  id: number
  text: string
  tone: 'plain' | 'danger'
  action?: { label: string; run: () => void }
  undo?: () => void
}

export const useToasts = defineStore('toasts', () => {
  const toasts = shallowRef<Toast[]>([])
  let last = 0

  function say(text: string, options: Partial<Pick<Toast, 'tone' | 'action' | 'undo'>> = {}): void {
    last += 1
    // Two at a time: the oldest gives way.
    toasts.value = [...toasts.value.slice(-1), { id: last, text, tone: 'plain', ...options }]
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  return { toasts, say, dismiss }
})
