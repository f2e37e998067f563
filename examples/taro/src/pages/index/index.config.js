export default { navigationBarTitleText: 'wxauth' };
