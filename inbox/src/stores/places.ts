/** Where this agent can go. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { PLACES } from '@/places'
import { useSession } from './session'

export const usePlaces = defineStore('places', () => {
  const session = useSession()
  const mine = computed(() => PLACES.filter((place) => !place.for || session.leads))
  return { mine }
})
