import { useQuery } from '@tanstack/react-query'
import { useText } from '../i18n/use-text'
import { Failure } from '../ui/notice'
import { Page } from '../ui/page'
import { Home } from './home'
import { accountText } from './messages'
import { meQuery } from './queries'
import { SignIn } from './sign-in'

export default function Account() {
  const t = useText(accountText)
  const me = useQuery(meQuery)
  return (
    <Page title={me.data?.name ? t.hello({ name: me.data.name }) : t.title} narrow>
      {me.isPending && <div className="skeleton h-64" aria-hidden="true" />}
      {me.isError && <Failure error={me.error} retry={() => void me.refetch()} />}
      {me.isSuccess && (me.data ? <Home me={me.data} /> : <SignIn />)}
    </Page>
  )
}
