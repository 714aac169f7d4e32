/** The address bar: which view, which conversation. */
import { createRouter, createWebHistory } from 'vue-router'
import { loadAreas } from './i18n'
import { isViewName } from './stores/order'
import { useSession } from './stores/session'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('./views/LoginView.vue'),
      beforeEnter: () => loadAreas('login'),
    },
    {
      path: '/inbox/:view/:id(\\d+)?',
      name: 'inbox',
      component: () => import('./views/InboxView.vue'),
      meta: { signedIn: true },
      beforeEnter: async (to) => {
        if (!isViewName(to.params.view)) return { name: 'inbox', params: { view: 'mine' } }
        await loadAreas('inbox', 'thread', 'call', 'errors', 'login')
        return true
      },
    },
    { path: '/:rest(.*)*', redirect: '/inbox/mine' },
  ],
})

router.beforeEach(async (to) => {
  if (!to.meta.signedIn) return true
  return (await useSession().restore()) ? true : { name: 'login', query: { next: to.fullPath } }
})
