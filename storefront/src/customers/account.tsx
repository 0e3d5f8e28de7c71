import { useQuery } from '@tanstack/react-query'
import { Route, Switch } from 'wouter'
import { useText } from '../i18n/use-text'
import { Failure } from '../ui/notice'
import { Page } from '../ui/page'
import { Home } from './home'
import { accountText } from './messages'
import { meQuery } from './queries'
import { Confirm, Forgot, Reset } from './recover'
import { SignIn } from './sign-in'

/** The paths of the account; /account/reset and /account/confirm are the links in mails. */
export default function Account() {
  return (
    <Switch>
      <Route path="/account/forgot" component={Forgot} />
      <Route path="/account/reset" component={Reset} />
      <Route path="/account/confirm" component={Confirm} />
      <Route component={Mine} />
    </Switch>
  )
}

function Mine() {
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
