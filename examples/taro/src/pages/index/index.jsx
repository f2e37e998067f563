import { Button, Text, View } from '@tarojs/components';
import { useEffect, useState } from 'react';
import auth from '../../auth';

export default function Index() {
  const [state, setState] = useState(auth.state);
  const [phone, setPhone] = useState('');
  useEffect(() => auth.subscribe(setState), []);
  const onPhone = ({ detail }) =>
    auth
      .phone(detail)
      .then(({ phone_number }) => setPhone(phone_number))
      .catch(({ code }) => setPhone(code));
  return (
    <View>
      <Text>{state.session}</Text>
      <Button openType="getPhoneNumber" onGetPhoneNumber={onPhone}>
        手机号 {phone}
      </Button>
      <Button onClick={() => auth.logout()}>退出登录</Button>
    </View>
  );
}
