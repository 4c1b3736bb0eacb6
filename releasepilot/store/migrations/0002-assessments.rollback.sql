drop table assessment;
