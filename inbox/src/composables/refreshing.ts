/** Looks again and again at what changes by itself, while somebody is looking. */
import { onBeforeUnmount, onMounted } from 'vue'

const EVERY = 15_000

export function useRefreshing(load: () => unknown): void {
  let timer: ReturnType<typeof setInterval>
  onMounted(() => {
    load()
    timer = setInterval(() => document.visibilityState === 'visible' && load(), EVERY)
  })
  onBeforeUnmount(() => clearInterval(timer))
}
