/** Parts of a page that come after it, or beside it where the address already asks for them. */
import { loadAreas } from './i18n'

export const loadThread = async () => (await Promise.all([import('./components/thread/ThreadPane.vue'), loadAreas('together', 'errors')]))[0]
