export default {
  pages: ['pages/index/index'],
  permission: { 'scope.userLocation': { desc: '用于显示离你最近的门店' } },
  requiredPrivateInfos: ['getLocation'],
};
