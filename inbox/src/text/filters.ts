/** What a list is narrowed to: as an address has it, and in words. */
import { useI18n } from 'vue-i18n'
import type { LocationQuery } from 'vue-router'
import type { Filter, Sort } from '@/api/organising'
import type { ConversationStatus } from '@/api/types'
import { useDirectory } from '@/stores/directory'
import { VIEWS } from '@/stores/order'
import { useWork } from '@/stores/work'

const SORTS: readonly string[] = ['newest', 'oldest_waiting', 'priority', 'sla']

const textIn = (query: LocationQuery, name: string): string => {
  const value = query[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
const listIn = (query: LocationQuery, name: string): string[] => textIn(query, name).split(',').filter(Boolean)

/** What nobody can mean is left out. */
export function filterIn(query: LocationQuery): Filter {
  const filter: Filter = {}
  const labels = listIn(query, 'labels')
  const priority = listIn(query, 'priority').filter((word) => /^[0-3]$/.test(word)).map(Number)
  const assignee = textIn(query, 'assignee')
  if (labels.length) filter.labels = labels
  if (priority.length) filter.priority = priority
  if (/^(me|none|\d+)$/.test(assignee)) filter.assignee = assignee
  for (const name of ['team', 'channel', 'q'] as const) if (textIn(query, name)) filter[name] = textIn(query, name)
  if (textIn(query, 'unread') === 'true') filter.unread = true
  if (SORTS.includes(textIn(query, 'sort'))) filter.sort = textIn(query, 'sort') as Sort
  return filter
}

/** One thing that a filter asks for. */
export interface Part {
  key: string
  text: string
  without: Filter
}

export function useParts(): (filter: Filter) => Part[] {
  const { t } = useI18n()
  const directory = useDirectory()
  const work = useWork()

  function whose(assignee: string): string {
    if (assignee === 'me') return t('work.filter.me')
    if (assignee === 'none') return t('work.filter.nobody')
    return directory.agents.find(({ id }) => String(id) === assignee)?.name ?? assignee
  }

  return (filter) => {
    const { status = [], labels = [], priority = [], assignee, team, channel, unread, followed, mentioned, q, sort } = filter
    const one = (key: keyof Filter, text: string): Part => ({ key, text, without: { ...filter, [key]: undefined } })
    const each = <T>(key: keyof Filter, list: readonly T[], text: (item: T) => string): Part[] =>
      list.map((item) => ({ key: `${key} ${item}`, text: text(item), without: { ...filter, [key]: list.filter((other) => other !== item) } }))
    return [
      ...(isUnresolved(status) ? [one('status', t('work.filter.unresolved'))] : each('status', status, (item) => t(`inbox.status.${item}`))),
      ...each('labels', labels, (id) => work.named(work.label(id))),
      ...each('priority', priority, (item) => t(`work.priority.${item}`)),
      ...(assignee ? [one('assignee', whose(assignee))] : []),
      ...(team ? [one('team', t('work.assign.team', { team }))] : []),
      ...(channel ? [one('channel', directory.labelOf(channel))] : []),
      ...(unread ? [one('unread', t('work.filter.unread'))] : []),
      ...(followed ? [one('followed', t('inbox.view.followed'))] : []),
      ...(mentioned ? [one('mentioned', t('inbox.view.mentions'))] : []),
      ...(q ? [one('q', t('work.filter.says', { q }))] : []),
      ...(sort ? [one('sort', t(`work.sort.${sort}`))] : []),
    ]
  }
}

const isUnresolved = (status: readonly ConversationStatus[]): boolean =>
  VIEWS.all.status.length === status.length && VIEWS.all.status.every((one) => status.includes(one))
