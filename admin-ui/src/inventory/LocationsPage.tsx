import { Button, Group, NumberInput, Select, SimpleGrid, Stack, Switch, Table, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { choices } from '../auth/places'
import { useSay } from '../i18n'
import { countryCodes } from '../orders/countries'
import { A } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Loaded, Page } from '../ui/Page'
import { Section } from '../ui/Section'
import { Status } from '../ui/Status'
import { uiWords } from '../ui/words'
import { type Location, type LocationInput, locationsQuery, saveLocation } from './api'
import { inventoryWords } from './words'

const kinds = ['store', 'warehouse', 'kitchen', 'property', 'virtual'] as const

export function LocationsPage() {
  const say = useSay(inventoryWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const query = useQuery(locationsQuery)
  const [edited, setEdited] = useState<Location | 'new'>()
  const mayWrite = can('inventory:write')
  return (
    <Page
      title={say('locations')}
      lead={say('loc.lead')}
      back={
        <A to="/inventory" size="sm">
          ‹ {say('title')}
        </A>
      }
      actions={mayWrite && <Button onClick={() => setEdited('new')}>{say('loc.new')}</Button>}
    >
      <Loaded query={query}>
        {({ items }) => (
          <Section title={say('locations')}>
            <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">{ui('name')}</Table.Th>
                    <Table.Th scope="col">{say('loc.kind')}</Table.Th>
                    <Table.Th scope="col">{say('loc.zone')}</Table.Th>
                    <Table.Th scope="col">{say('loc.active')}</Table.Th>
                    {mayWrite && <Table.Th scope="col">{ui('actions')}</Table.Th>}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {[...items]
                    .sort((a, b) => a.rank - b.rank)
                    .map(place => (
                      <Table.Tr key={place.id}>
                        <Table.Th scope="row">{place.name}</Table.Th>
                        <Table.Td>{say(`loc.kind.${place.kind as 'store'}`)}</Table.Td>
                        <Table.Td>{place.time_zone}</Table.Td>
                        <Table.Td>
                          <Status tone={place.active ? 'good' : 'over'}>
                            {place.active ? say('loc.active') : say('loc.inactive')}
                          </Status>
                        </Table.Td>
                        {mayWrite && (
                          <Table.Td>
                            <Button
                              size="compact-sm"
                              variant="default"
                              aria-label={`${ui('edit')}: ${place.name}`}
                              onClick={() => setEdited(place)}
                            >
                              {ui('edit')}
                            </Button>
                          </Table.Td>
                        )}
                      </Table.Tr>
                    ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Section>
        )}
      </Loaded>
      {edited && <Edit place={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
    </Page>
  )
}

function Edit({ place, onClose }: { place?: Location; onClose: () => void }) {
  const say = useSay(inventoryWords)
  const ui = useSay(uiWords)
  const tenant = useTenant()
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      name: place?.name ?? '',
      kind: (place?.kind ?? 'store') as LocationInput['kind'],
      time_zone: place?.time_zone || tenant.time_zone,
      rank: place?.rank ?? 0,
      active: place?.active ?? true,
      street: place?.address?.lines?.join(', ') ?? '',
      city: place?.address?.city ?? '',
      postal_code: place?.address?.postal_code ?? '',
      country: place?.address?.country || tenant.country,
    },
    validate: { name: v => (v.trim() ? null : ui('required')) },
    send: ({ street, city, postal_code, country, ...rest }) =>
      saveLocation({
        ...rest,
        ...(place && { id: place.id, version: place.version }),
        address: {
          ...place?.address,
          lines: street.trim() ? [street.trim()] : [],
          city: city.trim(),
          postal_code: postal_code.trim(),
          country,
        },
      }),
    done: () => {
      void client.invalidateQueries({ queryKey: locationsQuery.queryKey })
      onClose()
    },
  })
  return (
    <Dialog
      title={place ? say('loc.edit') : say('loc.new')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('save')}
    >
      <TextInput label={ui('name')} required maxLength={100} data-autofocus {...form.getInputProps('name')} />
      <Group grow align="flex-start">
        <Select
          label={say('loc.kind')}
          allowDeselect={false}
          data={kinds.map(value => ({ value, label: say(`loc.kind.${value}`) }))}
          {...form.getInputProps('kind')}
        />
        <NumberInput
          label={say('loc.rank')}
          description={say('loc.rank.hint')}
          min={0}
          allowDecimal={false}
          {...form.getInputProps('rank')}
        />
      </Group>
      <Select
        label={say('loc.zone')}
        searchable
        data={Intl.supportedValuesOf('timeZone')}
        {...form.getInputProps('time_zone')}
      />
      <Stack gap="sm">
        <TextInput label={say('loc.street')} {...form.getInputProps('street')} />
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <TextInput label={say('loc.postal')} {...form.getInputProps('postal_code')} />
          <TextInput label={say('loc.city')} {...form.getInputProps('city')} />
          <Select
            label={say('loc.country')}
            searchable
            data={choices(countryCodes(), 'region')}
            {...form.getInputProps('country')}
          />
        </SimpleGrid>
      </Stack>
      <Switch label={say('loc.active')} {...form.getInputProps('active', { type: 'checkbox' })} />
    </Dialog>
  )
}
