import { Box, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { type InfiniteData, type UseInfiniteQueryResult, useMutation } from '@tanstack/react-query'
import { DataTable, type DataTableColumn, type DataTableProps, type DataTableSortStatus } from 'mantine-datatable'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useSay } from '../i18n'
import { number } from './format'
import classes from './List.module.css'
import { type ListState, stringifySearch } from './listState'
import { Waiting } from './Page'
import { Empty, ProblemNote } from './Problem'
import type { View } from './savedViews'
import { ViewTabs } from './ViewTabs'
import { uiWords } from './words'

export type Paged<T> = { items: T[]; next_cursor?: string | null; total?: number | null }
export type Filter =
  | { key: string; label: string; options: { value: string; label: string }[] }
  | { key: string; label: string; kind: 'date' | 'text' }

/** For columns that a phone has no room for. */
export const wideOnly = { visibleMediaQuery: '(min-width: 48em)' }

type Props<T> = {
  name: string
  state: ListState
  query: UseInfiniteQueryResult<InfiniteData<Paged<T>>>
  columns: DataTableColumn<T>[]
  rowId: (row: T) => string
  views?: View[]
  /** Whether people may save views of their own. */
  savable?: boolean
  search?: string
  filters?: Filter[]
  sortable?: boolean
  empty: { title: string; text?: string; action?: ReactNode }
  above?: ReactNode
  /** Acts on the selected rows; `count` tells that instead all that match the filters are selected, and how many they are. */
  bulk?: (rows: T[], clear: () => void, count?: number) => ReactNode
  /** Counts what matches the filters: offers to select more than the rows that are loaded. */
  countAll?: () => Promise<number>
  rowLabel?: (row: T) => string
}

/** The list of every index page: views, search and filters, table, selection bar, footer; all of its state is in the address. */
export function List<T extends object>(props: Props<T>) {
  const { state, query, rowId, filters = [], empty } = props
  const say = useSay(uiWords)
  const [selected, setSelected] = useState<T[]>([])
  const [counted, setCounted] = useState<{ search: string; count: number }>()
  const search = stringifySearch(state.search)
  const all = counted?.search === search ? counted : undefined // other filters find others
  const countAll = useMutation({
    mutationFn: async (count: () => Promise<number>) => setCounted({ search, count: await count() }),
  })
  function select(rows: T[]) {
    setSelected(rows)
    setCounted(undefined)
  }
  const clear = () => select([])
  const rows = query.data?.pages.flatMap(page => page.items ?? []) ?? []
  const ids = new Set(rows.map(rowId))
  const hidden = selected.filter(row => !ids.has(rowId(row))).length
  const total = query.data?.pages[0]?.total

  return (
    <Stack gap="sm">
      <ViewTabs name={props.name} state={state} views={props.views ?? []} savable={props.savable} />
      <Group gap="xs" align="flex-end" role="search">
        {props.search && <SearchBox state={state} label={props.search} />}
        {filters.map(filter => (
          <FilterBox key={filter.key} filter={filter} state={state} />
        ))}
        {state.isFiltered && (
          <Button variant="subtle" color="gray" onClick={() => state.show({})}>
            {say('clear')}
          </Button>
        )}
      </Group>
      {props.above}
      {props.bulk && selected.length > 0 && (
        <Group className={classes.bulk} gap="sm" role="region" aria-label={say('actions')}>
          <Text size="sm" fw={600} aria-live="polite">
            {all
              ? say('selected.all', { count: all.count, n: number(all.count) })
              : say('selected', { count: selected.length })}
            {!all && hidden > 0 && `, ${say('selected.hidden', { count: hidden })}`}
          </Text>
          {props.bulk(selected, clear, all?.count)}
          {props.countAll && !all && query.hasNextPage && rows.every(row => selected.includes(row)) && (
            <Button
              size="xs"
              variant="subtle"
              loading={countAll.isPending}
              onClick={() => props.countAll && countAll.mutate(props.countAll)}
            >
              {say('select.matching')}
            </Button>
          )}
          <Button size="xs" variant="subtle" color="gray" onClick={clear}>
            {say('selected.clear')}
          </Button>
          <ProblemNote error={countAll.error} />
        </Group>
      )}
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <Box className={classes.frame}>
          {state.isFiltered ? (
            <Empty title={say('match.none')} action={<Button onClick={() => state.show({})}>{say('clear')}</Button>} />
          ) : (
            <Empty title={empty.title} action={empty.action}>
              {empty.text}
            </Empty>
          )}
        </Box>
      ) : (
        <>
          <Rows {...props} rows={rows} selected={selected} setSelected={select} />
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {total ? say('ofTotal', { shown: rows.length, total }) : say('shown', { count: rows.length })}
            </Text>
            {query.hasNextPage && (
              <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {say('more')}
              </Button>
            )}
            <NativeSelect
              size="xs"
              aria-label={say('pageSize')}
              data={['25', '50', '100']}
              value={state.get('limit') || '25'}
              onChange={e => state.set({ limit: e.currentTarget.value })}
            />
          </Group>
        </>
      )}
    </Stack>
  )
}

function Rows<T extends object>(props: Props<T> & { rows: T[]; selected: T[]; setSelected: (rows: T[]) => void }) {
  const { state, rows, rowId } = props
  const say = useSay(uiWords)
  const sort = sortOf<T>(state.get('sort'))
  const optional = {
    ...(props.sortable && {
      sortStatus: sort,
      onSortStatusChange: (next: DataTableSortStatus<T>) =>
        state.set({ sort: (next.direction === 'desc' ? '-' : '') + String(next.columnAccessor) }),
    }),
    ...(props.bulk && {
      selectedRecords: props.selected,
      onSelectedRecordsChange: props.setSelected,
      allRecordsSelectionCheckboxProps: { 'aria-label': say('select.all') },
      getRecordSelectionCheckboxProps: (row: T) => ({
        'aria-label': `${say('select.row')} ${props.rowLabel?.(row) ?? rowId(row)}`,
      }),
    }),
  } as Partial<DataTableProps<T>>
  const table = {
    records: rows,
    columns: props.columns,
    idAccessor: rowId,
    verticalSpacing: 8,
    horizontalSpacing: 'sm',
    fz: 'sm',
    highlightOnHover: true,
    ...optional,
  } as unknown as DataTableProps<T>
  return (
    <Box className={classes.frame} aria-busy={props.query.isFetching}>
      <DataTable<T> {...table} />
    </Box>
  )
}

function sortOf<T>(sort: string): DataTableSortStatus<T> {
  return {
    columnAccessor: sort.replace(/^-/, '') as never,
    direction: sort.startsWith('-') ? 'desc' : 'asc',
  }
}

function SearchBox({ state, label }: { state: ListState; label: string }) {
  const current = state.get('q')
  const [typed, setTyped] = useState(current)
  const pending = useRef(false)
  const apply = useDebouncedCallback((q: string) => {
    pending.current = false
    state.set({ q: q.trim() })
  }, 300)
  useEffect(() => {
    if (!pending.current) setTyped(current)
  }, [current])
  return (
    <TextInput
      className={classes.search}
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={typed}
      onChange={e => {
        pending.current = true
        setTyped(e.currentTarget.value)
        apply(e.currentTarget.value)
      }}
    />
  )
}

function FilterBox({ filter, state }: { filter: Filter; state: ListState }) {
  const say = useSay(uiWords)
  const id = useId()
  const value = state.get(filter.key)
  if ('options' in filter) {
    return (
      <NativeSelect
        id={id}
        className={classes.filter}
        aria-label={filter.label}
        data={[{ value: '', label: `${filter.label}: ${say('any')}` }, ...filter.options]}
        value={value}
        onChange={e => state.set({ [filter.key]: e.currentTarget.value })}
      />
    )
  }
  return (
    <TextInput
      id={id}
      className={classes.filter}
      type={filter.kind}
      aria-label={filter.label}
      placeholder={filter.label}
      leftSection={filter.kind === 'date' ? <Text size="xs">{filter.label}</Text> : undefined}
      leftSectionWidth={filter.kind === 'date' ? 56 : undefined}
      value={value}
      onChange={e => state.set({ [filter.key]: e.currentTarget.value })}
    />
  )
}
