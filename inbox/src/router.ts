/** The address bar: which view, which conversation. */
import { createRouter, createWebHistory } from 'vue-router'
import { loadAreas } from './i18n'
import { isTab, TABS } from './text/tabs'
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
      path: '/setup',
      name: 'setup',
      component: () => import('./views/SetupView.vue'),
      beforeEnter: () => loadAreas('setup', 'login', 'errors', 'inbox', 'thread'),
    },
    {
      path: '/welcome',
      name: 'welcome',
      component: () => import('./views/WelcomeView.vue'),
      beforeEnter: () => loadAreas('login', 'errors', 'inbox', 'thread'),
    },
    {
      path: '/',
      component: () => import('./views/ShellView.vue'),
      redirect: '/inbox/mine',
      meta: { signedIn: true },
      beforeEnter: async () => {
        await loadAreas('inbox', 'thread', 'together', 'call', 'presence', 'errors', 'login', 'sla')
        return true
      },
      children: [
        {
          path: 'inbox/:view/:id(\\d+)?',
          name: 'inbox',
          component: () => import('./views/InboxView.vue'),
          beforeEnter: (to) => isViewName(to.params.view) || { name: 'inbox', params: { view: 'mine' } },
        },
        {
          path: 'search',
          name: 'search',
          component: () => import('./views/SearchView.vue'),
          beforeEnter: async () => {
            await loadAreas('search')
            return true
          },
        },
        {
          path: 'bot/:tab?',
          name: 'bot',
          component: () => import('./views/BotView.vue'),
          beforeEnter: async (to) => {
            if (!isTab(to.params.tab)) return { name: 'bot', params: { tab: TABS[0] } }
            await loadAreas('bot')
            return true
          },
        },
        {
          path: 'contacts/:id(\\d+)',
          name: 'contact',
          component: () => import('./views/ContactView.vue'),
          beforeEnter: async () => {
            await loadAreas('contact')
            return true
          },
        },
        {
          path: 'channels/:name?',
          name: 'channels',
          component: () => import('./views/ChannelsView.vue'),
          beforeEnter: async () => {
            await loadAreas('channels', 'failed')
            return true
          },
        },
        {
          path: 'failed/:id?',
          name: 'failed',
          component: () => import('./views/FailedView.vue'),
          beforeEnter: async () => {
            if (!useSession().leads) return { name: 'inbox', params: { view: 'mine' } }
            await loadAreas('failed')
            return true
          },
        },
        {
          path: 'settings/:tab?',
          name: 'settings',
          component: () => import('./views/SettingsView.vue'),
          beforeEnter: async () => {
            await loadAreas('settings')
            return true
          },
        },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/inbox/mine' },
  ],
})

router.beforeEach(async (to) => {
  if (!to.meta.signedIn) return true
  return (await useSession().restore()) ? true : { name: 'login', query: { next: to.fullPath } }
})
