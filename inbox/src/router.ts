/** The address bar: which view, which conversation. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { loadAreas, type Area } from './i18n'
import { loadThread } from './parts'
import { isTab, TABS } from './text/tabs'
import { isViewName } from './stores/order'
import { useSession } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    signedIn?: boolean
    /** Of the sentences that the page says. */
    areas?: Area[]
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('./views/LoginView.vue'),
      meta: { areas: ['login'] },
    },
    {
      path: '/setup',
      name: 'setup',
      component: () => import('./views/SetupView.vue'),
      meta: { areas: ['setup', 'login', 'errors', 'inbox', 'thread'] },
    },
    {
      path: '/welcome',
      name: 'welcome',
      component: () => import('./views/WelcomeView.vue'),
      meta: { areas: ['login', 'errors', 'inbox', 'thread'] },
    },
    {
      path: '/',
      component: () => import('./views/ShellView.vue'),
      redirect: '/inbox/mine',
      meta: { signedIn: true, areas: ['inbox', 'work', 'thread', 'call', 'presence', 'sla'] },
      children: [
        {
          path: 'inbox/:view/:id(\\d+)?',
          name: 'inbox',
          component: () => import('./views/InboxView.vue'),
          beforeEnter: (to) => {
            if (to.params.id) loadThread().catch(() => undefined)
            return isViewName(to.params.view) || { name: 'inbox', params: { view: 'mine' } }
          },
        },
        {
          path: 'search',
          name: 'search',
          component: () => import('./views/SearchView.vue'),
          meta: { areas: ['search'] },
        },
        {
          path: 'bot/:tab?',
          name: 'bot',
          component: () => import('./views/BotView.vue'),
          meta: { areas: ['bot'] },
          beforeEnter: (to) => isTab(to.params.tab) || { name: 'bot', params: { tab: TABS[0] } },
        },
        {
          path: 'contacts/:id(\\d+)',
          name: 'contact',
          component: () => import('./views/ContactView.vue'),
          meta: { areas: ['contact'] },
        },
        {
          path: 'channels/:name?',
          name: 'channels',
          component: () => import('./views/ChannelsView.vue'),
          meta: { areas: ['channels', 'failed', 'errors'] },
        },
        {
          path: 'failed/:id?',
          name: 'failed',
          component: () => import('./views/FailedView.vue'),
          meta: { areas: ['failed', 'errors'] },
          beforeEnter: () => useSession().leads || { name: 'inbox', params: { view: 'mine' } },
        },
        {
          path: 'settings/:tab?',
          name: 'settings',
          component: () => import('./views/SettingsView.vue'),
          meta: { areas: ['settings', 'login'] },
        },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/inbox/mine' },
  ],
})

const sentencesOf = (to: RouteLocationNormalized): Promise<void> => loadAreas(...to.matched.flatMap(({ meta }) => meta.areas ?? []))

router.beforeEach(async (to) => {
  if (to.meta.signedIn && !(await useSession().restore())) return { name: 'login', query: { next: to.fullPath } }
  // The page will be shown: its sentences are fetched while it is. Whether they came is asked when it is here.
  sentencesOf(to).catch(() => undefined)
  return true
})

router.beforeResolve(sentencesOf)
