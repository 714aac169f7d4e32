/** One ticking clock for everything that shows how long ago. */
import { ref } from 'vue'

export const now = ref(Date.now())

setInterval(() => (now.value = Date.now()), 10_000)
