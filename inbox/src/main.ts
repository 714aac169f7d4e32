/** Starts the inbox. */
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n, loadAreas } from './i18n'
import { applyTheme } from './preferences'
import { router } from './router'
import './styles/reset.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/ui.css'

applyTheme()

// A tab from before a deployment asks for files that are gone: load the new version, drafts are in the browser.
window.addEventListener('vite:preloadError', (event) => {
  const reloadedAt = Number(sessionStorage.getItem('yizhan.reloaded') ?? 0)
  if (Date.now() - reloadedAt < 60_000) return
  event.preventDefault()
  sessionStorage.setItem('yizhan.reloaded', String(Date.now()))
  location.reload()
})

// The router is on its way to the first page while the words for all of them come.
const app = createApp(App).use(createPinia()).use(i18n).use(router)
void loadAreas('common').then(() => app.mount('#app'))
