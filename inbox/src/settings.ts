/** The tabs of the settings, in their order. A tab brings its component, and the sentences that it needs besides. */
import type { Component } from 'vue'
import type { Role } from './api/types'
import type { Area } from './i18n'

export interface SettingsTab {
  name: string
  /** Of the sentence that names it. */
  label: string
  /** Who sees it: this role and those above. */
  from: Role
  areas?: Area[]
  component: () => Promise<{ default: Component }>
}

export const TABS: readonly SettingsTab[] = [
  { name: 'me', label: 'settings.tab.me', from: 'agent', areas: ['attention'], component: () => import('./components/settings/SettingsMe.vue') },
  { name: 'agents', label: 'settings.tab.agents', from: 'admin', component: () => import('./components/settings/SettingsAgents.vue') },
  { name: 'teams', label: 'settings.tab.teams', from: 'agent', component: () => import('./components/settings/SettingsTeams.vue') },
  {
    name: 'canned', label: 'settings.tab.canned', from: 'agent', areas: ['canned'],
    component: () => import('./components/settings/CannedSettings.vue'),
  },
  { name: 'labels', label: 'settings.tab.labels', from: 'agent', component: () => import('./components/settings/SettingsLabels.vue') },
  { name: 'views', label: 'settings.tab.views', from: 'agent', component: () => import('./components/settings/SettingsViews.vue') },
  { name: 'files', label: 'settings.tab.files', from: 'supervisor', component: () => import('./components/settings/SettingsFiles.vue') },
  { name: 'audit', label: 'settings.tab.audit', from: 'supervisor', areas: ['audit'], component: () => import('./components/settings/SettingsAudit.vue') },
]

export const ROLES: readonly Role[] = ['agent', 'supervisor', 'admin']

export const isAtLeast = (role: Role | undefined, wanted: Role): boolean =>
  ROLES.indexOf(role ?? 'agent') >= ROLES.indexOf(wanted)

export const tabsFor = (role: Role | undefined): SettingsTab[] => TABS.filter(({ from }) => isAtLeast(role, from))
