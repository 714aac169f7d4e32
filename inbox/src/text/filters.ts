/** What an address narrows a list to; what nobody can mean is left out. */
import type { LocationQuery } from 'vue-router'
import type { Filter, Sort } from '@/api/organising'

const SORTS: readonly string[] = ['newest', 'oldest_waiting', 'priority', 'sla']

const textIn = (query: LocationQuery, name: string): string => {
  const value = query[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
const listIn = (query: LocationQuery, name: string): string[] => textIn(query, name).split(',').filter(Boolean)

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
